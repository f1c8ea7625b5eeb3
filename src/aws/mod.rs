//! THE OUTSIDE WORLD: AWS as the engine's [`crate::engine::Cloud`]. No SDK type leaves this room.
//!
//! [`hand`] is a session in one account under one role, through which every call goes; [`error`] sorts what AWS
//! answers; [`permission`] says what each kind may do, for session policies and for roles alike; then one file a kind.

pub mod error;
pub mod hand;
pub mod permission;
