INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '[1.50,2.5]'),
  (2, '(,)'),
  (3, NULL);
