INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'a'),
  (2, 'B'),
  (3, 'é'),
  (4, 'z'),
  (5, 'Z'),
  (6, NULL);
