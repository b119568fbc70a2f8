-- tenantsh: allow ban-drop-table replaced by claims.claim_header
drop table if exists claims.claim;
