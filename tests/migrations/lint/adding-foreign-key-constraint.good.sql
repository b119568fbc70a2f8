alter table claims.claim add constraint fk_claim_payer foreign key (payer_id) references claims.payer (id) not valid;
