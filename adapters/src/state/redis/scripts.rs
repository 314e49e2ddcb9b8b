//! The scripts, one atomic step each. They are called by hash; the server keeps their text after the first call.

use fred::types::scripts::Script;
use std::sync::LazyLock;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::from_lua(include_str!($file)));)*
    };
}

scripts! {
    ADMIT = "admit.lua";
    ASSIGNED = "assigned.lua";
    BEGIN_ANSWER = "begin_answer.lua";
    CLAIM = "claim.lua";
    ENQUEUE = "enqueue.lua";
    POOL = "pool.lua";
    REGISTER = "register.lua";
    RENEW = "renew.lua";
    RETIRE = "retire.lua";
    SET_ASIDE = "set_aside.lua";
    WRITE = "write.lua";
}
