INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'Top.Science.Astronomy'),
  (2, ''),
  (3, NULL);
