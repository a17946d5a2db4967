import { openedx } from "./openedx";
import { liveSuite } from "./suite";

liveSuite(openedx);
