INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '10.0.0.0/8'),
  (2, '2001:db8::/32'),
  (3, NULL);
