import { openmage } from "./openmage";
import { liveSuite } from "./suite";

liveSuite(openmage("openmage", "OpenMage"));
