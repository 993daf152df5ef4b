ALTER TABLE "User" ADD COLUMN "Age" int DEFAULT 7;
UPDATE "User" SET "firstName" = $$Ada L.$$ WHERE "userId" = 1;
ALTER TABLE "Order Line" ADD COLUMN "Added On" date DEFAULT $$2024-05-01$$;
DELETE FROM "Order Line" WHERE "lineId" = 2;
