INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'infinity'),
  (2, '-infinity'),
  (3, '294276-12-31 23:59:59.999999Z'),
  (4, '2024-01-01Z'),
  (5, NULL);
