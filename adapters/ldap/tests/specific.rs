//! What only a directory has.

mod server;

mod specific {
    mod groups;
    mod limits;
    mod login;
    mod names;
    mod passwords;
    mod peer;
    mod rogue;
    mod servers;
    mod verdicts;
}
