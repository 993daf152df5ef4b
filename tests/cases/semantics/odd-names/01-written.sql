UPDATE "Sales Dept."."Or.der, ünï" SET "a ""quoted"" one" = 3, "ß" = NULL;
INSERT INTO "Customers" VALUES (2, 1);
INSERT INTO customers VALUES (2, 'another');
