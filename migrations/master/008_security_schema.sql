create schema security;
comment on schema security is 'People who operate the platform, their roles and what a role may do.';
