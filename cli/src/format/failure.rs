//! What went wrong, with what helps.

use super::{Ink, Style};
use crate::failure::Failure;

/// The sentence, the hint, and whom an ambiguous name could mean.
pub(crate) fn failure(failure: &Failure, style: Style) -> String {
    let mut text = format!("{} {failure}\n", style.paint(Ink::Red, "sotto:"));
    if let Some(refusal) = failure.refusal() {
        for candidate in &refusal.candidates {
            text.push_str(&format!("  {candidate}\n"));
        }
        for absent in &refusal.absent {
            let line = format!("  {}: {}\n", absent.person.label, absent.presence);
            text.push_str(&line);
        }
        if let Some(hint) = &refusal.hint {
            text.push_str(&format!("{} {hint}\n", style.paint(Ink::Dim, "  help:")));
        }
    }
    text
}
