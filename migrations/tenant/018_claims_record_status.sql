create function claims.record_status() returns trigger
language plpgsql as $record$
begin
    insert into claims.status_history (claim_id, status_code, note)
    values (new.id, new.status_code, format('%s -> %s', old.status_code, new.status_code));
    return null;
end
$record$;
comment on function claims.record_status() is 'After-update trigger of claims.claim: one history row per change.';

create trigger record_status after update of status_code on claims.claim
    for each row when (old.status_code is distinct from new.status_code)
    execute function claims.record_status();
create trigger set_updated_at before update on claims.claim
    for each row execute function identity.set_updated_at();
