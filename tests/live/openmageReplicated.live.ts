import { openmage } from "./openmage";
import { replicated, replicatedSuite } from "./replicated";

replicatedSuite(openmage("openmage-replicated", "OpenMage with replicated MariaDB", replicated));
