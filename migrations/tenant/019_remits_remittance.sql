create table remits.remittance (
    id             uuid           not null default gen_random_uuid(),
    trace_number   text           not null,
    payer_code     text           not null,
    method         text           not null,
    payment_date   date           not null,
    payment_amount numeric(14, 2) not null default 0,
    received_at    timestamptz    not null default now(),
    posted_at      timestamptz,
    constraint pk_remittance primary key (id),
    constraint uq_remittance_trace_number unique (payer_code, trace_number),
    constraint ck_remittance_method check (method in ('ach', 'check', 'card', 'none')),
    constraint ck_remittance_posted check (posted_at >= received_at)
);
create index idx_remittance_payment_date on remits.remittance (payment_date);
comment on table remits.remittance is 'One payment with its explanation (835).';
comment on column remits.remittance.payment_amount is 'Sum of what its claims were paid.';
