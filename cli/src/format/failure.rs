//! What went wrong, with what helps.

use super::{Ink, Style};
use crate::failure::Failure;
use sotto_control::in_one_line;

/// The sentence, the hint, and whom an ambiguous name could mean.
pub(crate) fn failure(failure: &Failure, style: Style) -> String {
    let sotto = style.paint(Ink::Red, "sotto:");
    let hint = failure.hint();
    let Some(refusal) = failure.refusal() else {
        return format!("{sotto} {}\n", in_one_line(failure, hint));
    };
    let mut text = format!("{sotto} {failure}\n");
    for candidate in &refusal.candidates {
        text.push_str(&format!("  {candidate}\n"));
    }
    for absent in &refusal.absent {
        let line = format!("  {}: {}\n", absent.person.label, absent.presence);
        text.push_str(&line);
    }
    if let Some(hint) = hint {
        text.push_str(&format!("{} {hint}\n", style.paint(Ink::Dim, "  help:")));
    }
    text
}
