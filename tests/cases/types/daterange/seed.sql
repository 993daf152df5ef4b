INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '[2020-01-01,2020-01-05]'),
  (2, '(,infinity)'),
  (3, NULL);
