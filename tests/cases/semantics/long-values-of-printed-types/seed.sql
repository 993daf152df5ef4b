INSERT INTO docs SELECT i, 0,
    (SELECT range_agg(numrange(g * 7.001, g * 7.001 + 1)) FROM generate_series(1, 400) g),
    (SELECT range_agg(tstzrange(t, t + interval '1 hour 1 microsecond'))
      FROM generate_series(timestamptz '2020-01-01 00:00Z', timestamptz '2020-04-01 00:00Z', interval '5 hours') t),
    words('', (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 300) g)),
    ('$.' || (SELECT string_agg('"' || md5(g::text) || '"', '.') FROM generate_series(1, 300) g))::jsonpath,
    ARRAY(SELECT md5(g::text) FROM generate_series(1, 300) g),
    ROW(i, (SELECT string_agg(md5(g::text), '", (') FROM generate_series(1, 300) g), timestamptz '2020-01-01 00:00Z')::page
  FROM generate_series(1, 2) i;
INSERT INTO bits SELECT i, 0, (SELECT string_agg(('x' || md5(g::text))::bit(128)::text, '') FROM generate_series(1, 312) g)::bit(40000)
  FROM generate_series(1, 2) i;
