create table eligibility.response (
    request_id           bigint         not null,
    received_at          timestamptz    not null default now(),
    answer               text           not null,
    reject_code          text,
    copay                numeric(8, 2),
    deductible_remaining numeric(10, 2),
    payload              jsonb          not null default '{}',
    constraint pk_response primary key (request_id),
    constraint fk_response_request foreign key (request_id) references eligibility.request (id) on delete cascade,
    constraint ck_response_answer check (answer in ('active', 'inactive', 'rejected')),
    constraint ck_response_reject_code check ((answer = 'rejected') = (reject_code is not null)),
    constraint ck_response_amounts check (copay >= 0 and deductible_remaining >= 0)
);
create index idx_response_received_at on eligibility.response using brin (received_at);
comment on table eligibility.response is 'Answer of the payer (271); payload keeps what we do not read.';
