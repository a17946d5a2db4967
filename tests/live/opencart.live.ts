import { opencart } from "./opencart";
import { liveSuite } from "./suite";

liveSuite(opencart("opencart", "OpenCart"));
