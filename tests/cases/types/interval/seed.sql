INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '1 year 2 mons 3 days 04:05:06.78'),
  (2, '0'),
  (3, '-1 year -2 mons +3 days -04:05:06.5'),
  (4, '100 hours'),
  (5, NULL);
