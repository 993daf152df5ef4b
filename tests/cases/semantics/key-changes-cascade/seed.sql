INSERT INTO orders VALUES
  ('A', 'a', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)), ('B', 'b', NULL);
INSERT INTO lines VALUES ('A', 1, 'a1'), ('A', 2, 'a2'), ('B', 1, 'b1');
INSERT INTO tags VALUES ('new'), ('old');
INSERT INTO order_tags VALUES ('A', 'new'), ('B', 'old'), ('A', 'old');
