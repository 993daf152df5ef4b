INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '16/B374D848'),
  (2, '0/0'),
  (3, NULL);
