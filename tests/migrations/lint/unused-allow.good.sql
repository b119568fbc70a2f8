-- tenantsh: allow ban-drop-table nobody reads it any more
drop table if exists claims.claim;
