INSERT INTO docs SELECT i, 0, ('<a>' || repeat(md5(i::text), 300) || '</a>')::xml,
    (SELECT hstore(array_agg('k' || g), array_agg(md5(g::text))) FROM generate_series(1, 300) g),
    json_build_object('k', (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 300) g)),
    (SELECT string_agg(md5(g::text), ' ')::tsvector FROM generate_series(1, 300) g),
    (SELECT string_agg(md5(g::text), '.')::ltree FROM generate_series(1, 200) g),
    (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 300) g),
    ARRAY(SELECT md5(g::text)::uuid FROM generate_series(1, 400) g),
    ARRAY(SELECT g::bigint * 9007199254740 FROM generate_series(1, 600) g)
  FROM generate_series(1, 2) i;
