// The first thing that the page does: the module takes longest to be there.

import { start } from "datashard/worker";

start();
