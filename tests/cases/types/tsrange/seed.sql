INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '["2020-01-01 00:00",infinity)'),
  (2, '[2020-01-01 10:30:00.5,)'),
  (3, NULL);
