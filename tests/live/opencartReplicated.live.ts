import { opencart } from "./opencart";
import { replicated, replicatedSuite } from "./replicated";

replicatedSuite(opencart("opencart-replicated", "OpenCart with replicated MariaDB", replicated));
