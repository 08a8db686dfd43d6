//! Warnings that stand as long as they are true.

use sotto_control::model::{Notice, NoticeKind};

/// Warnings that stay in view: in the status, until they no longer hold.
#[derive(Debug)]
pub(super) struct Warnings(Vec<Notice>);

impl Warnings {
    /// Begins with what was found at the start.
    pub(super) fn new(found: Vec<Notice>) -> Self {
        Self(found)
    }

    /// Returns all of them, the oldest first.
    pub(super) fn all(&self) -> &[Notice] {
        &self.0
    }

    /// Adds a warning.
    pub(super) fn add(&mut self, warning: Notice) {
        self.0.push(warning);
    }

    /// Puts a warning in the place of all others of its kind.
    pub(super) fn replace(&mut self, warning: Notice) {
        self.forget(warning.kind);
        self.add(warning);
    }

    /// Takes back the warnings of `kind`; returns whether there were any.
    pub(super) fn forget(&mut self, kind: NoticeKind) -> bool {
        let before = self.0.len();
        self.0.retain(|warning| warning.kind != kind);
        self.0.len() != before
    }
}

#[cfg(test)]
mod tests {
    use sotto_control::model::Severity;

    use super::*;
    use crate::notice::notice;

    fn warning(kind: NoticeKind, text: &str) -> Notice {
        notice(kind, Severity::Warning, text)
    }

    #[test]
    fn one_warning_of_a_kind_stands_and_others_stay() {
        let found = warning(NoticeKind::StateDamaged, "set aside");
        let mut warnings = Warnings::new(vec![found]);
        warnings.replace(warning(NoticeKind::Rejoined, "first"));
        warnings.replace(warning(NoticeKind::Rejoined, "second"));
        let texts: Vec<&str> = warnings.all().iter().map(|one| &*one.text).collect();
        assert_eq!(texts, ["set aside", "second"]);
        warnings.add(warning(NoticeKind::NotRejoined, "not back"));
        assert!(!warnings.forget(NoticeKind::Clock), "a clock that is right");
        assert!(warnings.forget(NoticeKind::NotRejoined));
        assert!(warnings.forget(NoticeKind::Rejoined));
        assert!(!warnings.forget(NoticeKind::Rejoined));
        assert_eq!(warnings.all().len(), 1);
    }
}
