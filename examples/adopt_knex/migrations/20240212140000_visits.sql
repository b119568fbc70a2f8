create table visits (
    id         bigint generated always as identity primary key,
    patient_id bigint not null references patients,
    at         timestamptz not null
);
create index visits_patient_id on visits (patient_id);
