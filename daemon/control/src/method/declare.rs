//! The form in which a method is declared.
//!
//! ```text
//! method! {
//!     /// Sets how loud one person is.
//!     pub struct AudioVolume: "audio.volume" -> VolumeReply;
//!     reply: "`person`: **Person**; `percent`";
//!     answered: Answered::AtOnce;
//!     required {
//!         /// The person.
//!         name: String = NAME;
//!         /// The volume, in per cent of what is received.
//!         percent: u16 = VOLUME;
//!     }
//! }
//! ```
//!
//! Every parameter has its type and, behind the equals sign, its bound. `optional` parameters may be absent and then
//! have their type's default; `spread` ones are several members on the wire. A `rule` checks what concerns more than one
//! parameter.

use super::Method;
use super::bound::Describe;
use std::time::Duration;

macro_rules! method {
    (
        $(#[doc = $doc:literal])+
        pub struct $params:ident: $name:literal -> $reply:ty;
        reply: $told:literal;
        answered: $answered:expr;
        $(rule: $rule:expr;)?
        $(required { $($(#[doc = $rdoc:literal])+ $rfield:ident: $rtype:ty = $rbound:expr;)+ })?
        $(optional { $($(#[doc = $odoc:literal])+ $ofield:ident: $otype:ty = $obound:expr;)+ })?
        $(spread { $($(#[doc = $sdoc:literal])+ $sfield:ident: $stype:ty = $sbound:expr;)+ })?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $params {
            $($(
                $(#[doc = $rdoc])+
                pub $rfield: $rtype,
            )+)?
            $($(
                $(#[doc = $odoc])+
                #[serde(default, skip_serializing_if = "crate::method::declare::is_default")]
                pub $ofield: $otype,
            )+)?
            $($(
                $(#[doc = $sdoc])+
                #[serde(flatten)]
                pub $sfield: $stype,
            )+)?
        }

        impl crate::method::Method for $params {
            const NAME: &'static str = $name;
            const DOC: &'static str = concat!($($doc),+);
            const PARAMETERS: &'static [crate::method::declare::Parameter] = &[
                $($(crate::method::declare::Parameter {
                    name: stringify!($rfield),
                    doc: concat!($($rdoc),+),
                    required: true,
                    bound: &$rbound,
                },)+)?
                $($(crate::method::declare::Parameter {
                    name: stringify!($ofield),
                    doc: concat!($($odoc),+),
                    required: false,
                    bound: &$obound,
                },)+)?
                $($(crate::method::declare::Parameter {
                    name: stringify!($sfield),
                    doc: concat!($($sdoc),+),
                    required: false,
                    bound: &$sbound,
                },)+)?
            ];
            type Reply = $reply;
            const REPLY: &'static str = $told;
            const ANSWERED: crate::method::Answered<Self> = $answered;

            fn check(&self) -> Result<(), crate::error::ControlError> {
                #[allow(unused_imports)] // by methods without parameters
                use crate::method::bound::Bound as _;
                $($($rbound.check(stringify!($rfield), &self.$rfield)?;)+)?
                $($($obound.check(stringify!($ofield), &self.$ofield)?;)+)?
                $($($sbound.check(stringify!($sfield), &self.$sfield)?;)+)?
                $(
                    let rule: fn(&Self) -> Result<(), crate::error::ControlError> = $rule;
                    rule(self)?;
                )?
                Ok(())
            }
        }
    };
}
pub(super) use method;

/// Tells whether a parameter need not travel.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A parameter of a method.
#[derive(Debug)]
pub struct Parameter {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) required: bool,
    pub(super) bound: &'static dyn Describe,
}

/// The time until the daemon answers.
#[derive(Debug)]
pub enum Answered<M> {
    /// At once.
    AtOnce,
    /// Within a time that is always the same.
    Within(Duration),
    /// Within a time that the parameters say, and the words for it.
    As(fn(&M) -> Duration, &'static str),
}

impl<M> Answered<M> {
    /// Returns the longest that the daemon takes for these parameters.
    pub(super) fn after(&self, params: &M) -> Duration {
        match self {
            Self::AtOnce => Duration::ZERO,
            Self::Within(time) => *time,
            Self::As(time, _) => time(params),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::AtOnce => "at once".to_owned(),
            Self::Within(time) => format!("{} s", time.as_secs()),
            Self::As(_, words) => (*words).to_owned(),
        }
    }
}

/// The documentation of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodDoc {
    /// The name on the wire.
    pub name: &'static str,
    /// The effect.
    pub effect: &'static str,
    /// The parameters.
    pub parameters: Vec<ParameterDoc>,
    /// The members of the reply.
    pub reply: &'static str,
    /// The time until the daemon answers.
    pub answered: String,
}

/// The documentation of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterDoc {
    /// The name on the wire.
    pub name: &'static str,
    /// The meaning.
    pub meaning: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// The bound.
    pub bound: String,
}

impl MethodDoc {
    pub(super) fn of<M: Method>() -> Self {
        Self {
            name: M::NAME,
            effect: M::DOC.trim(),
            parameters: M::PARAMETERS
                .iter()
                .map(|parameter| ParameterDoc {
                    name: parameter.name,
                    meaning: parameter.doc.trim(),
                    required: parameter.required,
                    bound: parameter.bound.describe(),
                })
                .collect(),
            reply: M::REPLY,
            answered: M::ANSWERED.words(),
        }
    }
}
