CREATE SCHEMA "Sales Dept.";
CREATE TABLE "Sales Dept."."Or.der, ünï" ("Id" int PRIMARY KEY, "select" text, "a ""quoted"" one" int, "ß" text);
CREATE TABLE "Customers" (id int PRIMARY KEY, "order" int);
CREATE TABLE customers (id int PRIMARY KEY, name text);
