INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 12.5),
  (2, -0.05),
  (3, 0),
  (4, 99999999.99),
  (5, -99999999.99),
  (6, NULL);
