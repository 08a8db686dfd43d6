//! `sotto group`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::{GroupAdd, GroupList, GroupRemove};

/// List your groups of colleagues, and change who is in them
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The name of a group can stand wherever several colleagues can be named, in full; '@desk' always means the group. A whisper to a group goes to those of it who are present when it begins. Groups are kept in config.toml, by key: who takes another name stays in.\n\nExamples:\n  sotto group\n  sotto group add desk bao chen\n  sotto whisper desk"
)]
pub(crate) struct Group {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List your groups
    #[command(after_help = "Example:\n  sotto group list --json | jq -r '.groups[].name'")]
    List,
    /// Add colleagues to a group, which is made if there is none
    #[command(
        after_help = "Examples:\n  sotto group add desk bao chen\n  sotto group add floor @desk dara"
    )]
    Add {
        /// The group
        #[arg(value_name = "NAME")]
        group: String,

        /// Whom to add
        #[arg(value_name = "PERSON", required = true)]
        people: Vec<String>,
    },
    /// Remove members from a group, or the whole group
    #[command(
        after_help = "A group that nobody is left in is gone.\n\nExamples:\n  sotto group remove desk chen\n  sotto group remove desk"
    )]
    Remove {
        /// The group
        #[arg(value_name = "NAME")]
        group: String,

        /// Whom to remove, instead of the whole group
        #[arg(value_name = "PERSON")]
        people: Vec<String>,
    },
}

impl Group {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            None | Some(Action::List) => output.show(&ask(GroupList {}).await?, format::groups),
            Some(Action::Add { group, people }) => {
                let request = GroupAdd {
                    name: group,
                    names: people,
                };
                output.show(&ask(request).await?, format::group_added)
            }
            Some(Action::Remove { group, people }) => {
                let request = GroupRemove {
                    name: group,
                    names: people,
                };
                output.show(&ask(request).await?, format::group_removed)
            }
        }
    }
}
