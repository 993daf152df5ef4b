CREATE TABLE docs (id int PRIMARY KEY, n int, body text, data jsonb, raw bytea, words text[], numbers int[]);
ALTER TABLE docs ALTER body SET STORAGE EXTERNAL, ALTER data SET STORAGE EXTERNAL, ALTER raw SET STORAGE EXTERNAL,
  ALTER words SET STORAGE EXTERNAL, ALTER numbers SET STORAGE EXTERNAL;
CREATE FUNCTION fill(i int) RETURNS docs LANGUAGE sql AS $$
  SELECT i, 0, repeat('x' || i, 1500), jsonb_build_object('k', repeat('y' || i, 1500)), decode(repeat('0' || i, 2500), 'hex'),
    ARRAY[repeat('w', 3000), NULL, 'b'], ARRAY(SELECT g + i FROM generate_series(1, 900) g) $$;
