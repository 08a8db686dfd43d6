//! Bytes that later releases may add to.
//!
//! postcard does not describe itself: a reader must know every field. Three rules let old and new releases read each
//! other nevertheless. PROTOCOL's section *Growth* has them for every message.
//!
//! - **A structure may end later than its reader knows.** The reader takes the fields it knows and skips the rest. It
//!   may also end *earlier*: a field marked `#[serde(default)]`, added by a later release, then reads as its default.
//!   A structure inside another carries its length in front ([`block!`]); a whole message or body ends where its bytes
//!   end ([`read`]).
//! - **A message of an unknown kind is told from a broken one** ([`Unread`]).
//! - **A number with an unknown meaning is kept** (`Unknown(number)` in the enumerations of such numbers).
//!
//! Structures that never grow are not blocks: pairs like a version or a listing's entry, and everything of a fixed size.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, Serialize};

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// A kind of message that a later release has added.
    UnknownKind(u32),
    /// Nothing that any release writes.
    Broken,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKind(kind) => write!(f, "unknown kind {kind}"),
            Self::Broken => f.write_str("broken"),
        }
    }
}

impl std::error::Error for Unread {}

impl serde::de::Error for Unread {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Broken
    }
}

impl From<postcard::Error> for Unread {
    fn from(_: postcard::Error) -> Self {
        Self::Broken
    }
}

/// Appends a structure or message to `bytes`.
pub(crate) fn write<T: Serialize>(value: &T, bytes: Vec<u8>) -> Vec<u8> {
    // Serialising plain data into a growing vector has no way to fail.
    let written = postcard::to_extend(value, bytes).unwrap_or_default();
    #[cfg(test)]
    let written = tests::as_later_releases(written);
    written
}

/// Reads a structure or message that takes up all of `bytes`, and skips what a later release added at its end.
///
/// # Errors
///
/// When a field is missing or broken, or the kind of the message is unknown.
pub(crate) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Unread> {
    T::deserialize(Whole(bytes))
}

/// Makes a structure (or enumeration) a block: its length in front, and whatever a later release adds at its end.
///
/// The type derives serde's traits with `#[serde(remote = "Self")]`.
macro_rules! block {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                struct Content<'a>(&'a $type);
                impl serde::Serialize for Content<'_> {
                    fn serialize<S: serde::Serializer>(
                        &self,
                        serializer: S,
                    ) -> Result<S::Ok, S::Error> {
                        <$type>::serialize(self.0, serializer)
                    }
                }
                serializer.serialize_bytes(&$crate::growable::content(&Content(self)))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = <&[u8]>::deserialize(deserializer)?;
                <$type>::deserialize($crate::growable::Whole(bytes))
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use block;

/// Writes what is in a block.
pub(crate) fn content<T: Serialize>(value: &T) -> Vec<u8> {
    let bytes = write(value, Vec::new());
    #[cfg(test)]
    let bytes = tests::add_to_block(bytes);
    bytes
}

/// Bytes that are one value, and perhaps more behind it.
pub(crate) struct Whole<'de>(pub(crate) &'de [u8]);

impl<'de> Whole<'de> {
    fn plain(&self) -> postcard::Deserializer<'de, postcard::de_flavors::Slice<'de>> {
        postcard::Deserializer::from_bytes(self.0)
    }
}

/// Values that are neither structure nor enumeration do not grow.
macro_rules! plain {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Unread> {
            Ok(self.plain().$method($($argument,)* visitor)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Whole<'de> {
    type Error = Unread;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        visitor.visit_seq(Fields {
            rest: self.0,
            left: fields.len(),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        let (kind, rest) = postcard::take_from_bytes::<u32>(self.0)?;
        if usize::try_from(kind).map_or(true, |kind| kind >= variants.len()) {
            return Err(Unread::UnknownKind(kind));
        }
        visitor.visit_enum(Kind { kind, rest })
    }

    plain! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The fields of a structure, one after the other until the bytes end.
struct Fields<'de> {
    rest: &'de [u8],
    left: usize,
}

impl<'de> SeqAccess<'de> for Fields<'de> {
    type Error = Unread;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unread> {
        // An older release wrote fewer fields: those that are not required have a default.
        if self.left == 0 || self.rest.is_empty() {
            return Ok(None);
        }
        self.left -= 1;
        let mut field = postcard::Deserializer::from_bytes(self.rest);
        let value = seed.deserialize(&mut field)?;
        self.rest = field.finalize()?;
        Ok(Some(value))
    }
}

/// A message whose kind has been read.
struct Kind<'de> {
    kind: u32,
    rest: &'de [u8],
}

impl<'de> EnumAccess<'de> for Kind<'de> {
    type Error = Unread;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Unread> {
        let kind: serde::de::value::U32Deserializer<Unread> = self.kind.into_deserializer();
        Ok((seed.deserialize(kind)?, self))
    }
}

impl<'de> VariantAccess<'de> for Kind<'de> {
    type Error = Unread;

    fn unit_variant(self) -> Result<(), Unread> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unread> {
        seed.deserialize(Whole(self.rest))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_seq(Fields {
            rest: self.rest,
            left: len,
        })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        self.tuple_variant(fields.len(), visitor)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How many blocks are written before one gets an addition; none does beyond that.
        static ADD_AFTER: Cell<Option<usize>> = const { Cell::new(None) };
        /// Whether a later release is at work.
        static LATER: Cell<bool> = const { Cell::new(false) };
    }

    /// Lets this thread write and read as a later release does, or as this one again.
    ///
    /// A later release adds bytes at the end of every body, message and block, and takes phone calls for a reason of its
    /// own ([`CALL`]).
    pub(crate) fn pretend_to_be_later(later: bool) {
        LATER.set(later);
    }

    pub(crate) fn is_later() -> bool {
        LATER.get()
    }

    /// The number of a reason of absence that only later releases know.
    pub(crate) const CALL: u32 = 77;
    /// What later releases add to everything.
    pub(crate) const ADDITION: [u8; 5] = *b"later";

    pub(super) fn as_later_releases(mut written: Vec<u8>) -> Vec<u8> {
        if is_later() {
            written.extend(ADDITION);
        }
        written
    }

    /// Writes something as a later release might: with bytes added to the block of this number, counted from 0. Returns
    /// nothing once there is no such block.
    pub(crate) fn with_addition<R>(block: usize, write: impl FnOnce() -> R) -> Option<R> {
        ADD_AFTER.set(Some(block));
        let written = write();
        ADD_AFTER.take().is_none().then_some(written)
    }

    pub(super) fn add_to_block(mut bytes: Vec<u8>) -> Vec<u8> {
        match ADD_AFTER.get() {
            Some(0) => {
                bytes.extend([0xff; 3]);
                ADD_AFTER.set(None);
            }
            Some(more) => ADD_AFTER.set(Some(more - 1)),
            None => {}
        }
        bytes
    }

    mod older {
        use super::*;

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(remote = "Self")]
        pub(super) struct Guest {
            pub(super) name: String,
        }
        block!(Guest);

        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        pub(super) struct Party {
            pub(super) guests: Vec<Guest>,
            pub(super) open: bool,
        }

        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        pub(super) enum Message {
            Begins(Party),
            Ends { at: u64 },
        }
    }

    mod newer {
        use super::*;

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(remote = "Self")]
        pub(super) struct Guest {
            pub(super) name: String,
            #[serde(default)]
            pub(super) seat: u64,
        }
        block!(Guest);

        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        pub(super) struct Party {
            pub(super) guests: Vec<Guest>,
            pub(super) open: bool,
            #[serde(default)]
            pub(super) motto: Option<String>,
        }

        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        pub(super) enum Message {
            Begins(Party),
            Ends {
                at: u64,
                #[serde(default)]
                why: String,
            },
            Moves,
        }
    }

    fn old_party() -> older::Party {
        older::Party {
            guests: ["Anna", "Bao"]
                .map(|name| older::Guest { name: name.into() })
                .to_vec(),
            open: true,
        }
    }

    fn new_party(seat: u64, motto: Option<&str>) -> newer::Party {
        newer::Party {
            guests: ["Anna", "Bao"]
                .map(|name| newer::Guest {
                    name: name.into(),
                    seat,
                })
                .to_vec(),
            open: true,
            motto: motto.map(str::to_owned),
        }
    }

    fn written<T: Serialize>(value: &T) -> Vec<u8> {
        write(value, Vec::new())
    }

    #[test]
    fn an_older_reader_skips_what_a_newer_writer_added_at_every_depth() {
        let bytes = written(&newer::Message::Begins(new_party(7, Some("dance"))));
        assert_eq!(read(&bytes), Ok(older::Message::Begins(old_party())));
        let bytes = written(&newer::Message::Ends {
            at: 3,
            why: "late".into(),
        });
        assert_eq!(read(&bytes), Ok(older::Message::Ends { at: 3 }));
    }

    #[test]
    fn a_newer_reader_gives_defaults_to_what_an_older_writer_did_not_know() {
        let bytes = written(&older::Message::Begins(old_party()));
        assert_eq!(read(&bytes), Ok(newer::Message::Begins(new_party(0, None))));
        let bytes = written(&older::Message::Ends { at: 3 });
        let read = read::<newer::Message>(&bytes);
        assert_eq!(
            read,
            Ok(newer::Message::Ends {
                at: 3,
                why: String::new()
            })
        );
    }

    #[test]
    fn an_unknown_kind_is_told_from_a_broken_message() {
        let bytes = written(&newer::Message::Moves);
        assert_eq!(read::<older::Message>(&bytes), Err(Unread::UnknownKind(2)));
        assert_eq!(read::<older::Message>(&[]), Err(Unread::Broken));
    }

    #[test]
    fn what_is_required_may_not_be_missing() {
        let bytes = written(&old_party());
        for end in 0..bytes.len() {
            assert_eq!(
                read::<older::Party>(&bytes[..end]),
                Err(Unread::Broken),
                "cut at {end}"
            );
        }
    }

    #[test]
    fn additions_reach_every_block_once() {
        let plain = written(&old_party());
        for block in 0..2 {
            let added = with_addition(block, || written(&old_party())).unwrap();
            assert_eq!(added.len(), plain.len() + 3);
            assert_eq!(read(&added), Ok(old_party()));
        }
        assert_eq!(with_addition(2, || written(&old_party())), None);
    }
}
