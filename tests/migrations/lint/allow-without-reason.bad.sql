-- tenantsh: allow ban-drop-table
drop table if exists claims.claim;
