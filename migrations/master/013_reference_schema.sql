create schema reference;
comment on schema reference is
    'Code lists that every tenant shares. Public code sets only, in our own words; no CPT and no CDT descriptors.';
