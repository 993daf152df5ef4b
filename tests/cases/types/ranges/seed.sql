INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '[1,5]'),
  (2, 'empty'),
  (3, '(,5]'),
  (4, NULL);
