create table claims.note (
    id bigint generated always as identity primary key,
    body text,
    slots int[],
    first_slot int generated always as (slots[1]) stored
);
