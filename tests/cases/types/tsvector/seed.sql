INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, to_tsvector('simple', 'A fat cat''s cat')),
  (2, ''),
  (3, NULL);
