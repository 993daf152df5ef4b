INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '10.0.0.1'),
  (2, '10.0.0.0/8'),
  (3, '::1'),
  (4, '2001:db8::/32'),
  (5, NULL);
