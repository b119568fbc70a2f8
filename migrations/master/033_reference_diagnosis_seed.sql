-- tenantsh: seed
-- fills: reference.diagnosis_chapter, reference.diagnosis_code
-- ICD-10-CM is in the public domain (NCHS).

insert into reference.diagnosis_chapter as target
    (number, first_code, last_code, title)
values
    (1,  'A00', 'B99', 'Infectious and parasitic diseases'),
    (4,  'E00', 'E89', 'Endocrine, nutritional and metabolic diseases'),
    (5,  'F01', 'F99', 'Mental, behavioral and neurodevelopmental disorders'),
    (6,  'G00', 'G99', 'Diseases of the nervous system'),
    (9,  'I00', 'I99', 'Diseases of the circulatory system'),
    (10, 'J00', 'J99', 'Diseases of the respiratory system'),
    (11, 'K00', 'K95', 'Diseases of the digestive system'),
    (13, 'M00', 'M99', 'Diseases of the musculoskeletal system'),
    (14, 'N00', 'N99', 'Diseases of the genitourinary system'),
    (18, 'R00', 'R99', 'Symptoms and abnormal findings'),
    (19, 'S00', 'T88', 'Injury and poisoning'),
    (21, 'Z00', 'Z99', 'Factors influencing health status')
on conflict (number) do update set
    first_code = excluded.first_code,
    last_code = excluded.last_code,
    title = excluded.title
where (target.first_code, target.last_code, target.title)
    is distinct from (excluded.first_code, excluded.last_code, excluded.title);

insert into reference.diagnosis_code as target
    (code, chapter_number, title, is_chronic)
values
    ('B34.9',    1,  'Viral infection, unspecified', false),
    ('E11.9',    4,  'Type 2 diabetes without complications', true),
    ('E11.65',   4,  'Type 2 diabetes with hyperglycemia', true),
    ('E66.9',    4,  'Obesity, unspecified', true),
    ('E78.5',    4,  'Hyperlipidemia, unspecified', true),
    ('F10.20',   5,  'Alcohol dependence, uncomplicated', true),
    ('F32.A',    5,  'Depression, unspecified', false),
    ('F41.1',    5,  'Generalized anxiety disorder', true),
    ('F90.2',    5,  'Attention-deficit hyperactivity disorder, combined type', true),
    ('G47.33',   6,  'Obstructive sleep apnea', true),
    ('I10',      9,  'Essential hypertension', true),
    ('I25.10',   9,  'Coronary artery disease of native artery without angina', true),
    ('I50.9',    9,  'Heart failure, unspecified', true),
    ('J06.9',    10, 'Acute upper respiratory infection, unspecified', false),
    ('J44.9',    10, 'Chronic obstructive pulmonary disease, unspecified', true),
    ('J45.909',  10, 'Asthma, unspecified, uncomplicated', true),
    ('K02.9',    11, 'Dental caries, unspecified', false),
    ('K21.9',    11, 'Reflux disease without esophagitis', true),
    ('M17.11',   13, 'Osteoarthritis of the right knee', true),
    ('M54.50',   13, 'Low back pain, unspecified', false),
    ('N18.6',    14, 'End stage renal disease', true),
    ('N39.0',    14, 'Urinary tract infection, site not specified', false),
    ('R07.9',    18, 'Chest pain, unspecified', false),
    ('S93.401A', 19, 'Sprain of the right ankle, initial encounter', false),
    ('Z00.00',   21, 'General adult examination without abnormal findings', false),
    ('Z12.11',   21, 'Screening for malignant neoplasm of the colon', false),
    ('Z23',      21, 'Immunization', false)
on conflict (code) do update set
    chapter_number = excluded.chapter_number,
    title = excluded.title,
    is_chronic = excluded.is_chronic
where (target.chapter_number, target.title, target.is_chronic)
    is distinct from (excluded.chapter_number, excluded.title, excluded.is_chronic);
