-- tenantsh: seed
-- fills: reference.timezone, reference.state
-- IANA zone names, so that PostgreSQL takes them as they stand; FIPS numbers as in the census.

insert into reference.timezone as target
    (name, label, standard_offset_minutes, observes_daylight_time)
values
    ('America/New_York',    'Eastern',                    -300, true),
    ('America/Chicago',     'Central',                    -360, true),
    ('America/Denver',      'Mountain',                   -420, true),
    ('America/Phoenix',     'Mountain, no daylight time', -420, false),
    ('America/Los_Angeles', 'Pacific',                    -480, true),
    ('America/Anchorage',   'Alaska',                     -540, true),
    ('Pacific/Honolulu',    'Hawaii',                     -600, false),
    ('America/Puerto_Rico', 'Atlantic',                   -240, false),
    ('Pacific/Guam',        'Chamorro',                   600,  false),
    ('Pacific/Pago_Pago',   'Samoa',                      -660, false)
on conflict (name) do update set
    label = excluded.label,
    standard_offset_minutes = excluded.standard_offset_minutes,
    observes_daylight_time = excluded.observes_daylight_time
where (target.label, target.standard_offset_minutes, target.observes_daylight_time)
    is distinct from (excluded.label, excluded.standard_offset_minutes, excluded.observes_daylight_time);

insert into reference.state as target
    (code, country_code, name, fips_code, timezone_name, is_territory)
values
    ('AL', 'US', 'Alabama',              '01', 'America/Chicago',     false),
    ('AK', 'US', 'Alaska',               '02', 'America/Anchorage',   false),
    ('AZ', 'US', 'Arizona',              '04', 'America/Phoenix',     false),
    ('AR', 'US', 'Arkansas',             '05', 'America/Chicago',     false),
    ('CA', 'US', 'California',           '06', 'America/Los_Angeles', false),
    ('CO', 'US', 'Colorado',             '08', 'America/Denver',      false),
    ('CT', 'US', 'Connecticut',          '09', 'America/New_York',    false),
    ('DE', 'US', 'Delaware',             '10', 'America/New_York',    false),
    ('DC', 'US', 'District of Columbia', '11', 'America/New_York',    false),
    ('FL', 'US', 'Florida',              '12', 'America/New_York',    false),
    ('GA', 'US', 'Georgia',              '13', 'America/New_York',    false),
    ('HI', 'US', 'Hawaii',               '15', 'Pacific/Honolulu',    false),
    ('ID', 'US', 'Idaho',                '16', 'America/Denver',      false),
    ('IL', 'US', 'Illinois',             '17', 'America/Chicago',     false),
    ('IN', 'US', 'Indiana',              '18', 'America/New_York',    false),
    ('IA', 'US', 'Iowa',                 '19', 'America/Chicago',     false),
    ('KS', 'US', 'Kansas',               '20', 'America/Chicago',     false),
    ('KY', 'US', 'Kentucky',             '21', 'America/New_York',    false),
    ('LA', 'US', 'Louisiana',            '22', 'America/Chicago',     false),
    ('ME', 'US', 'Maine',                '23', 'America/New_York',    false),
    ('MD', 'US', 'Maryland',             '24', 'America/New_York',    false),
    ('MA', 'US', 'Massachusetts',        '25', 'America/New_York',    false),
    ('MI', 'US', 'Michigan',             '26', 'America/New_York',    false),
    ('MN', 'US', 'Minnesota',            '27', 'America/Chicago',     false),
    ('MS', 'US', 'Mississippi',          '28', 'America/Chicago',     false),
    ('MO', 'US', 'Missouri',             '29', 'America/Chicago',     false),
    ('MT', 'US', 'Montana',              '30', 'America/Denver',      false),
    ('NE', 'US', 'Nebraska',             '31', 'America/Chicago',     false),
    ('NV', 'US', 'Nevada',               '32', 'America/Los_Angeles', false),
    ('NH', 'US', 'New Hampshire',        '33', 'America/New_York',    false),
    ('NJ', 'US', 'New Jersey',           '34', 'America/New_York',    false),
    ('NM', 'US', 'New Mexico',           '35', 'America/Denver',      false),
    ('NY', 'US', 'New York',             '36', 'America/New_York',    false),
    ('NC', 'US', 'North Carolina',       '37', 'America/New_York',    false),
    ('ND', 'US', 'North Dakota',         '38', 'America/Chicago',     false),
    ('OH', 'US', 'Ohio',                 '39', 'America/New_York',    false),
    ('OK', 'US', 'Oklahoma',             '40', 'America/Chicago',     false),
    ('OR', 'US', 'Oregon',               '41', 'America/Los_Angeles', false),
    ('PA', 'US', 'Pennsylvania',         '42', 'America/New_York',    false),
    ('RI', 'US', 'Rhode Island',         '44', 'America/New_York',    false),
    ('SC', 'US', 'South Carolina',       '45', 'America/New_York',    false),
    ('SD', 'US', 'South Dakota',         '46', 'America/Chicago',     false),
    ('TN', 'US', 'Tennessee',            '47', 'America/Chicago',     false),
    ('TX', 'US', 'Texas',                '48', 'America/Chicago',     false),
    ('UT', 'US', 'Utah',                 '49', 'America/Denver',      false),
    ('VT', 'US', 'Vermont',              '50', 'America/New_York',    false),
    ('VA', 'US', 'Virginia',             '51', 'America/New_York',    false),
    ('WA', 'US', 'Washington',           '53', 'America/Los_Angeles', false),
    ('WV', 'US', 'West Virginia',        '54', 'America/New_York',    false),
    ('WI', 'US', 'Wisconsin',            '55', 'America/Chicago',     false),
    ('WY', 'US', 'Wyoming',              '56', 'America/Denver',      false),
    ('AS', 'US', 'American Samoa',       '60', 'Pacific/Pago_Pago',   true),
    ('GU', 'US', 'Guam',                 '66', 'Pacific/Guam',        true),
    ('PR', 'US', 'Puerto Rico',          '72', 'America/Puerto_Rico', true),
    ('VI', 'US', 'US Virgin Islands',    '78', 'America/Puerto_Rico', true)
on conflict (code) do update set
    country_code = excluded.country_code,
    name = excluded.name,
    fips_code = excluded.fips_code,
    timezone_name = excluded.timezone_name,
    is_territory = excluded.is_territory
where (target.country_code, target.name, target.fips_code, target.timezone_name, target.is_territory)
    is distinct from (excluded.country_code, excluded.name, excluded.fips_code, excluded.timezone_name, excluded.is_territory);
