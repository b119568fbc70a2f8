create table visit_notes (
    id       bigint generated always as identity primary key,
    visit_id bigint not null references visits,
    body     text not null
);
create index visit_notes_visit_id on visit_notes (visit_id);
