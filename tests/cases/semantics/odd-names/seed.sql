INSERT INTO "Sales Dept."."Or.der, ünï" VALUES (1, 'x', 2, 'y');
INSERT INTO "Customers" VALUES (1, 1);
INSERT INTO customers VALUES (1, 'small');
