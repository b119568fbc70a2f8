create table reference.remark_code (
    code              text not null,
    wording           text not null,
    usual_reason_code text,
    next_action       text not null,
    constraint pk_remark_code primary key (code),
    constraint fk_remark_code_reason foreign key (usual_reason_code) references reference.adjustment_reason (code),
    constraint ck_remark_code_code check (code ~ '^(M|MA|N)[0-9]{1,3}$')
);
create index idx_remark_code_usual_reason_code on reference.remark_code (usual_reason_code);
comment on table reference.remark_code is 'Remittance advice remark codes (RARC), worded by us, with what a biller does next.';
