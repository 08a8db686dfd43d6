//! The main job, from beginning to end.

use anyhow::bail;
use sotto_tests::story::tell;

use crate::{Outcome, Place, note};

pub(crate) async fn everything_that_the_demonstration_tells(mut lab: Place) -> Outcome {
    let rows = tell(&mut lab, &mut |what| note(what)).await?;
    let mut wrong = Vec::new();
    for row in &rows {
        for cell in &row.cells {
            let line = format!(
                "{}: {} of \"{}\": {cell}",
                row.speaker, cell.listener, row.text
            );
            if cell.is_right() {
                note(&line);
            } else {
                wrong.push(line);
            }
        }
    }
    if !wrong.is_empty() {
        bail!("wrong:\n{}", wrong.join("\n"));
    }
    Ok(())
}
