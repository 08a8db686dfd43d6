//! Reading lists from outside: no more than their bound, and no memory before their content.
//!
//! serde's own reading of a `Vec` reserves memory by the length that it is told, up to 1 MiB. Where an element takes
//! more memory than bytes on the wire, a short message would so be given many times its length. [`at_most`] grows as
//! elements arrive and stops at the bound.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a list of at most `MOST` elements: `#[serde(deserialize_with = "at_most::<16, _, _>")]`.
///
/// # Errors
///
/// When there are more, or an element cannot be read.
pub(crate) fn at_most<'de, const MOST: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    List::<MOST, T>::deserialize(deserializer).map(|list| list.0)
}

/// The same for a list that may be absent.
///
/// # Errors
///
/// When there are more elements, or one cannot be read.
pub(crate) fn if_any_at_most<'de, const MOST: usize, T, D>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let list = Option::<List<MOST, T>>::deserialize(deserializer)?;
    Ok(list.map(|list| list.0))
}

struct List<const MOST: usize, T>(Vec<T>);

impl<'de, const MOST: usize, T: Deserialize<'de>> Deserialize<'de> for List<MOST, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_seq(Elements::<MOST, T>(PhantomData))
            .map(Self)
    }
}

struct Elements<const MOST: usize, T>(PhantomData<T>);

impl<'de, const MOST: usize, T: Deserialize<'de>> Visitor<'de> for Elements<MOST, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MOST}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            list.push(element);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Lists {
        #[serde(deserialize_with = "at_most::<2, _, _>")]
        always: Vec<String>,
        #[serde(deserialize_with = "if_any_at_most::<2, _, _>")]
        sometimes: Option<Vec<u64>>,
    }

    fn through(lists: &Lists) -> Option<Lists> {
        let bytes = postcard::to_extend(lists, Vec::new()).unwrap();
        postcard::from_bytes(&bytes).ok()
    }

    #[test]
    fn a_list_is_read_up_to_its_bound_and_not_beyond() {
        for (always, sometimes, fits) in [
            (0, None, true),
            (2, Some(2), true),
            (3, None, false),
            (0, Some(3), false),
        ] {
            let lists = Lists {
                always: vec!["x".to_owned(); always],
                sometimes: sometimes.map(|length| vec![7; length]),
            };
            assert_eq!(through(&lists), fits.then_some(lists));
        }
    }
}
