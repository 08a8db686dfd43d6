//! Prints PESQ-WB and STOI of pairs of recordings: `judge SAID.wav HEARD.wav …`, 48 kHz, mono, 16 bits.
//!
//! For comparison with other implementations.

use std::error::Error;

use sotto_judge::Reference;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    for pair in files.chunks_exact(2) {
        let score = Reference::new(&read(&pair[0])?).judge(&read(&pair[1])?);
        println!("{} {:.4} {:.4}", pair[1], score.pesq, score.stoi);
    }
    Ok(())
}

fn read(path: &str) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut reader = hound::WavReader::open(path)?;
    let samples: Result<Vec<i16>, _> = reader.samples().collect();
    Ok(samples?
        .into_iter()
        .map(|sample| f32::from(sample) / 32_768.0)
        .collect())
}
