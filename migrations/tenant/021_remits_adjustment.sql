create table remits.adjustment (
    remit_claim_id bigint         not null,
    group_code     text           not null,
    reason_code    text           not null,
    amount         numeric(12, 2) not null,
    remark_code    text,
    constraint pk_adjustment primary key (remit_claim_id, group_code, reason_code),
    constraint fk_adjustment_remit_claim foreign key (remit_claim_id)
        references remits.remit_claim (id) on delete cascade,
    constraint ck_adjustment_group_code check (group_code in ('CO', 'PR', 'OA', 'PI')),
    constraint ck_adjustment_amount check (amount <> 0)
);
create index idx_adjustment_reason_code on remits.adjustment (reason_code);
comment on table remits.adjustment is 'Why less than the charge was paid.';
