-- case: foreign_key_prefix=fk_
create table claims.note (
    id bigint primary key,
    claim_id bigint,
    constraint fk_note_claim foreign key (claim_id) references claims.claim (id)
);
create index idx_note_claim_id on claims.note (claim_id);
