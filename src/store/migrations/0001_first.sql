-- The first shape of the store. Times are microseconds since 1970 in UTC; JSON is kept as text.
-- The statements are what SQLite and PostgreSQL both take, except the triggers, and the index before them, at the end.

create table requests (
    id          text    not null primary key,
    project     text    not null,
    environment text    not null,
    direction   text    not null,
    name        text    not null,
    person      text    not null,
    asked_at    bigint  not null,
    plan        text    not null,
    state       text    not null,
    reason      text,
    changed_at  bigint  not null
);

-- One open request for a project and environment at a time.
create unique index requests_open on requests (project, environment) where state = 'open';
create index requests_by_project on requests (project, environment, asked_at);
create index requests_by_time on requests (asked_at);
create index requests_by_name on requests (name, asked_at);

-- Every change of a request's state: who, when, why. `was` is null for the first.
create table request_events (
    request text   not null references requests (id),
    seq     bigint not null,
    at      bigint not null,
    person  text,
    was     text,
    becomes text   not null,
    reason  text,
    primary key (request, seq)
);

-- What an open request has to do with resources of an account's scope: it relies on them, or it removes them.
create table shared (
    request text    not null references requests (id),
    account text    not null,
    region  text    not null,
    kind    text    not null,
    name    text    not null,
    removes boolean not null,
    primary key (request, account, region, kind, name)
);
create index shared_by_resource on shared (account, region, kind, name);

-- What approvers were asked: `number` is that of the event which asked it, `sealed` the very bytes that were hashed, `era` how often
-- the clock had been set back by then.
create table questions (
    request  text   not null references requests (id),
    number   bigint not null,
    step     text   not null,
    sealed   text   not null,
    asked_at bigint not null,
    until    bigint not null,
    era      bigint not null,
    primary key (request, number)
);

-- Who said yes to which question; and who took that back.
create table approvals (
    request  text   not null references requests (id),
    seq      bigint not null,
    step     text   not null,
    digest   text   not null,
    question bigint not null,
    name     text   not null,
    person   text   not null,
    at       bigint not null,
    primary key (request, seq)
);
create table withdrawals (
    request  text   not null,
    approval bigint not null,
    person   text   not null,
    at       bigint not null,
    primary key (request, approval),
    foreign key (request, approval) references approvals (request, seq)
);

-- The latest time that was seen, and how often the clock was set back. One row.
create table clock (
    latest bigint not null,
    era    bigint not null
);
insert into clock (latest, era) values (0, 0);

create table journal (
    request text   not null references requests (id),
    seq     bigint not null,
    at      bigint not null,
    event   text   not null,
    primary key (request, seq)
);

-- Who carries a request out, and when somebody has to look at it again. One row a request, made with it.
-- `holder` null: nobody. `wake_at` null: at once. `stirred`: something happened since the holder last looked.
create table leases (
    request    text    not null primary key references requests (id),
    fence      bigint  not null,
    holder     text,
    expires_at bigint  not null,
    wake_at    bigint,
    stirred    boolean not null
);

-- Resources that are ours, and for which project and environment.
create table holdings (
    account     text   not null,
    region      text   not null,
    kind        text   not null,
    name        text   not null,
    project     text   not null,
    environment text   not null,
    outputs     text   not null,
    request     text   not null references requests (id),
    at          bigint not null,
    primary key (account, region, kind, name, project, environment)
);

-- Resources whose creation was begun and of which no end is known.
create table begun (
    account text   not null,
    region  text   not null,
    kind    text   not null,
    name    text   not null,
    request text   not null references requests (id),
    at      bigint not null,
    primary key (account, region, kind, name, request)
);

-- What was heard in chat, once each; `request`: the one that it made. `process`: which one heard it, or took it over. Never a token.
create table interactions (
    id       text    not null primary key,
    user_id  text    not null,
    channel  text    not null,
    language text    not null,
    words    text    not null,
    at       bigint  not null,
    process  text    not null,
    answered boolean not null,
    request  text    references requests (id)
);
create index interactions_unanswered on interactions (at) where answered = false and request is null;

-- Which message shows which part of a request, and what it shows. `step` and `digest` are empty and `question` is 0 for the card.
create table messages (
    request  text    not null references requests (id),
    part     text    not null,
    step     text    not null,
    digest   text    not null,
    question bigint  not null,
    channel  text    not null,
    message  text,
    language text    not null,
    shown    text,
    ended    boolean not null,
    primary key (request, part, step, digest, question)
);
create index messages_not_ended on messages (request) where ended = false;

-- The audit log. `entry`: the canonical JSON of one entry, its number and time in it; these bytes are a leaf of the tree.
create table audit_entries (
    number bigint not null primary key,
    entry  text   not null
);

-- The tree over it (RFC 6962): the hash of every complete subtree, in hex, numbered in the order in which they come to be.
create table audit_hashes (
    place bigint not null primary key,
    hash  text   not null
);

-- What was signed of it: that the first `size` entries have one root. `note` is all that an outsider needs.
create table audit_checkpoints (
    size bigint not null primary key,
    at   bigint not null,
    note text   not null
);

create trigger requests_no_update before update of id, project, environment, direction, name, person, asked_at, plan on requests
begin select raise(abort, 'what was asked for is never changed'); end;
create trigger requests_no_delete before delete on requests
begin select raise(abort, 'requests are never deleted'); end;
create trigger request_events_no_update before update on request_events
begin select raise(abort, 'request_events is only appended to'); end;
create trigger request_events_no_delete before delete on request_events
begin select raise(abort, 'request_events is only appended to'); end;
create trigger approvals_no_update before update on approvals
begin select raise(abort, 'approvals is only appended to'); end;
create trigger approvals_no_delete before delete on approvals
begin select raise(abort, 'approvals is only appended to'); end;
create trigger questions_no_update before update on questions
begin select raise(abort, 'questions is only appended to'); end;
create trigger questions_no_delete before delete on questions
begin select raise(abort, 'questions is only appended to'); end;
create trigger withdrawals_no_update before update on withdrawals
begin select raise(abort, 'withdrawals is only appended to'); end;
create trigger withdrawals_no_delete before delete on withdrawals
begin select raise(abort, 'withdrawals is only appended to'); end;
create trigger clock_no_delete before delete on clock
begin select raise(abort, 'time that was seen is not forgotten'); end;
create trigger journal_no_update before update on journal
begin select raise(abort, 'journal is only appended to'); end;
create trigger journal_no_delete before delete on journal
begin select raise(abort, 'journal is only appended to'); end;
-- What is looked for often in the log: where its checkpoints were put.
create index audit_entries_by_what on audit_entries (iif(json_valid(entry), json_extract(entry, '$.what'), null), number);

create trigger audit_entries_no_update before update on audit_entries
begin select raise(abort, 'audit_entries is only appended to'); end;
create trigger audit_entries_no_delete before delete on audit_entries
begin select raise(abort, 'audit_entries is only appended to'); end;
create trigger audit_hashes_no_update before update on audit_hashes
begin select raise(abort, 'audit_hashes is only appended to'); end;
create trigger audit_hashes_no_delete before delete on audit_hashes
begin select raise(abort, 'audit_hashes is only appended to'); end;
create trigger audit_checkpoints_no_update before update on audit_checkpoints
begin select raise(abort, 'audit_checkpoints is only appended to'); end;
create trigger audit_checkpoints_no_delete before delete on audit_checkpoints
begin select raise(abort, 'audit_checkpoints is only appended to'); end;
create trigger audit_entries_in_order before insert on audit_entries
when new.number <> (select coalesce(max(number) + 1, 0) from audit_entries)
begin select raise(abort, 'audit_entries has no gap'); end;
